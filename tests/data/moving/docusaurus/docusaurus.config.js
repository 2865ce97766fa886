// @ts-check
const config = {
  title: 'Loom',
  tagline: "Weaving for everyone",
  url: 'https://loom.example',
  baseUrl: '/',
  i18n: { defaultLocale: 'en', locales: ['en', 'de'] },
  presets: [
    ['classic', {
      docs: { sidebarPath: './sidebars.js', editUrl: 'https://git.example/' },
      blog: { showReadingTime: true, routeBasePath: 'news' },
      theme: { customCss: './src/css/custom.css' },
    }],
  ],
  plugins: [['@docusaurus/plugin-client-redirects', { redirects: [{ to: '/docs/intro', from: ['/start', '/docs/begin'] }], createRedirects(path) { return undefined; } }]],
};
module.exports = config;
