"""How long a document takes, how large it gets, what a browser and an accessibility checker say of it."""
