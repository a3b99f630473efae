export default defineNuxtConfig({
  compatibilityDate: "2025-01-01",
  telemetry: false,
  app: {
    head: {
      title: "Rain again",
      script: [
        { src: "https://www.googletagmanager.com/gtag/js?id=G-1", async: true },
        {
          innerHTML:
            "window.dataLayer = window.dataLayer || []; function gtag(){dataLayer.push(arguments);} " +
            "gtag('js', new Date()); gtag('config', 'G-1');",
        },
      ],
    },
  },
});
