-- Reviews of an entry with so many stars, the newest first.
CREATE INDEX idx_reviews_rating ON cms.reviews (entry, rating, created_at DESC, review_id DESC) WHERE status = 'approved';
