"""The same question put to other frameworks: what a peer is given, how it runs, how it compares."""
