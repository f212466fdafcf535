"""What people do with each other's weights, footage and results."""
