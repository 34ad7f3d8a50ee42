"""What loses or misplaces frames, found in the XML before the first frame is taken."""
