"""The half that people grade: rubrics, the graders' pages, the numbers of a write-up against its runs."""
