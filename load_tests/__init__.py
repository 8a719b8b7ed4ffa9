"""In: a running deskroute. Out: load on it; programs to start by hand, never timed tests."""
