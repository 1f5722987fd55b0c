"""What happens to schedules, told by mail and webhook; never on the call path."""
