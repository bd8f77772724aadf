"""Standard formats of other tools, made of one record: values in, values out."""
