import { defineConfig } from 'astro/config';
import mdx from '@astrojs/mdx';
export default defineConfig({
  site: 'https://hive.example', // the site
  base: '/',
  integrations: [mdx()],
  redirects: { '/old-hive': '/blog/the-hive', '/gone/[...slug]': '/blog/[...slug]', '/far': { status: 301, destination: 'https://far.example/' } },
});
