"""Everything that makes the flow run on a laptop: an embedded S3, a feed of real days, one command."""
