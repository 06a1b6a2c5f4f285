"""Archives of stories: a page for each archive and each story, and an Atom feed. They work without
JavaScript."""
