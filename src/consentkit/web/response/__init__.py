"""What becomes of a response: headers decided once, pages rewritten as they stream."""
