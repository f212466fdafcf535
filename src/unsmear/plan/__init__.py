"""What there is to do, asked by the workflow before anything runs."""
