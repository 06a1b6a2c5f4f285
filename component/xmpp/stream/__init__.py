"""The component's connection to its server, and the session on it that is kept up."""
