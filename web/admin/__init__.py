"""Pages for operators: the matrix, and commands as pages."""
