"""Who may do what: keys, roles, sessions of pages, tokens of an identity provider, quotas."""
