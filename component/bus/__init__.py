"""The bus: what a message is, where it goes, and the promise that it gets there."""
