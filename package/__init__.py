"""What is installed on a machine, and the Debian package of it."""
