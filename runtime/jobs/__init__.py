"""From what was asked to a job, before torch is loaded: model, data and recipe brought together."""
