/* made for a test */
module.exports = function (eleventyConfig) {
  eleventyConfig.addPassthroughCopy("src/img");
  eleventyConfig.addPassthroughCopy({ "assets/*": "/", "./public/": "/" }); // two
  eleventyConfig.addWatchTarget("src/**/*.png");
  eleventyConfig.addShortcode("year", () => `${new Date().getFullYear()}`);
  return { dir: { input: "src", output: "_site" }, markdownTemplateEngine: "njk" };
};
