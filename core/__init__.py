"""The analysis behind Stratiscope: no Streamlit in here, so a script or a test can use it alone."""
