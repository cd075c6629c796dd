"""A class: what arrives, how it is judged, and the page that shows it."""
