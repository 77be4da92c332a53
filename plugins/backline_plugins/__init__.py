"""The plugins that come with Backline, one a file. They import `backline.sdk` and nothing else of the host."""
