"""The page that a person opens first: data is gathered here, ``templates/`` says how it is shown."""
