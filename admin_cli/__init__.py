"""The command line `bereikbaar`: thin commands over schedules and routing_engine."""
