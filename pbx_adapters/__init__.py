"""Everything a PBX talks to: the daemon, the hook and its dialects."""
