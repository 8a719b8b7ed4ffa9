"""In: this build on this machine. Out: its performance figures; `texts` reads, `stages` and `runs` measure."""
