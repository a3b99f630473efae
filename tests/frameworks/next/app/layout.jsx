import Script from "next/script";

export const metadata = { title: "Rain again" };

const tag = `window.dataLayer = window.dataLayer || [];
function gtag(){dataLayer.push(arguments);}
gtag('js', new Date()); gtag('config', 'G-1');`;

export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>
        {children}
        <Script src="https://www.googletagmanager.com/gtag/js?id=G-1" strategy="afterInteractive" />
        <Script id="tag" strategy="afterInteractive">{tag}</Script>
      </body>
    </html>
  );
}
