"""Where widgets, magics and the JupyterLab integration belong (floor 7); nothing is here yet."""
