"""The differential suite: with `balancer=None` multiloss trains as plain Keras does, over all that Keras offers."""
