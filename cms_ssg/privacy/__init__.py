"""What a site keeps of a person, found by e-mail address: handed out, or erased."""
