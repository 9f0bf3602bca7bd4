@echo off
rem Runs the command line of this checkout: .\killswitch VERB. `npm install` builds what it runs.
where node >nul 2>nul
if errorlevel 1 (
  echo killswitch: node is not installed: install Node 20.15 or newer from nodejs.org 1>&2
  exit /b 9
)
if not exist "%~dp0dist\killswitch.js" (
  echo killswitch: "%~dp0dist\killswitch.js" is not built: run npm install in "%~dp0" 1>&2
  exit /b 9
)
node "%~dp0dist\killswitch.js" %*
