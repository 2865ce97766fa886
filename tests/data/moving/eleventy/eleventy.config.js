module.exports = function (eleventyConfig) {
  eleventyConfig.addPassthroughCopy("src/img");
  eleventyConfig.addPassthroughCopy({ "assets/*": "/" });
  eleventyConfig.addShortcode("year", () => `${new Date().getFullYear()}`);
  return { dir: { input: "src", output: "_site" }, markdownTemplateEngine: "njk" };
};
