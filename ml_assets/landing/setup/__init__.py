"""Makes a bucket tell a queue what lands: direct, through SNS, or through EventBridge."""
