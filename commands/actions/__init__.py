"""One file per command, its declaration `ACTION` last. Being there is being registered."""
