"""What happens to a call: the decision, computed without files, clock or framework."""
