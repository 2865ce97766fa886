"""Which content types and taxonomies of WordPress and its plugins are pages of a site, and which are something else."""

from __future__ import annotations

from typing import Final

SYSTEM: Final = frozenset(
    "revision wp_block wp_global_styles wp_navigation wp_template wp_template_part wp_font_family wp_font_face customize_changeset oembed_cache user_request".split()
)
"""Types that WordPress itself keeps beside the content."""

OTHERS: Final[dict[str, tuple[str, str]]] = {
    **dict.fromkeys(
        "shop_order shop_order_refund shop_order_placehold shop_subscription shop_coupon edd_payment give_payment".split(),
        ("orders and coupons", "left out: they name buyers"),
    ),
    "product_variation": ("variations of products", "left out: cms products import reads them from WooCommerce's own export"),
    **dict.fromkeys(
        "wpcf7_contact_form wpforms ninja-forms nf_sub flamingo_inbound flamingo_contact feedback mc4wp-form frm_styles".split(),
        ("forms and what was sent by them", "left out: docs/forms.md says how to make a form"),
    ),
    **dict.fromkeys(
        "acf-field acf-field-group acf-post-type acf-taxonomy acf-ui-options-page elementor_library elementor_snippet elementor_font"
        " et_pb_layout fl-builder-template vc_grid_item vc4_templates oceanwp_library jet-engine wp_router_page scheduled-action polylang_mo amp_validated_url"
        " fusion_template fusion_icons sp_easy_accordion tablepress_table msls mailpoet_page popup popup_theme ct_template bricks_template".split(),
        ("items of plugins", "left out"),
    ),
}
"""Types of well-known plugins that have no pages: what they are, and what becomes of them."""

TAXONOMIES: Final[dict[str, str]] = {
    "category": "category",
    "post_tag": "tag",
    "product_cat": "product-category",
    "product_tag": "product-tag",
}
"""Taxonomies whose addresses begin otherwise than they are called, as WordPress and WooCommerce come."""

NO_TERMS: Final = frozenset(
    "post_format nav_menu wp_theme wp_template_part_area wp_pattern_category post_visibility link_category language post_translations term_language"
    " term_translations translation_priority author product_type product_visibility product_shipping_class elementor_library_type"
    " elementor_library_category amp_validation_error action-group ml-slider layout_category layout_type".split()
)
"""Taxonomies that sort nothing for readers; languages and authors are read by themselves."""
