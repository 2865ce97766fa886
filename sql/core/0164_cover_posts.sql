-- The list of what is published: a page of it is read from the index alone.
CREATE INDEX idx_posts_list ON cms.posts (site, published_at DESC, entry DESC) INCLUDE (locale, title) WHERE status = 'published';
