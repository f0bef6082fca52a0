"""What differs between two traces, and what follows from what."""
