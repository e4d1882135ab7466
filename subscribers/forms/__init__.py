"""Forms that readers fill in. They check what was typed and give it as one value."""
