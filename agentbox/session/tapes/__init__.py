"""What is done with finished runs: replayed, forked, judged again, compared, captured, searched."""
