"""One block made data to draw: from inputs over the artifact to the envelope."""
