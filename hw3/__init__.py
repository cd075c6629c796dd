"""Homework 3: fine-tuning pre-trained models, vision and language."""
