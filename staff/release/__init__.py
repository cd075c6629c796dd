"""The students' archive and repository."""
