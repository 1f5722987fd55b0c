"""What operators write down: schedules, their documents and where they are kept."""
