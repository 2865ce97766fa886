export const SITE_TITLE = 'Hive';
export const SITE_DESCRIPTION = 'About bees';
