"""Which way of running a model made a set: a sample of rows is made again from pixels."""
