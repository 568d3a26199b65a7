"""What an investigation costs against papermill alone."""
