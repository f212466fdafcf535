"""What people look at: figures, panels, videos and the page that gathers them."""
