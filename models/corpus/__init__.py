"""The text generator behind Ingot's built-in model: every word the model ever saw is made here."""
