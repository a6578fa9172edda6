using System.CommandLine;
using Becket.Serving;
using Becket.Status;

namespace Becket.Commands;

/// <summary>The options that say where and how a process tells what it does; shared by every command that serves.</summary>
internal sealed class StatusOptions
{
    private readonly Option<StatusAddress> _status = new("--status")
    {
        Description = "Tell how it is over HTTP: a page, metrics, health",
        HelpName = "ADDRESS",
        CustomParser = result =>
        {
            try
            {
                return StatusAddress.Parse(OptionValues.TextOf(result));
            }
            catch (FormatException e)
            {
                result.AddError($"--status: {e.Message}");
                return null;
            }
        },
    };

    private readonly Option<string> _logFormat = new("--log-format")
    {
        Description = "text or json, a line for each event (default: text)",
        HelpName = "FORMAT",
    };

    public void AddTo(Command command)
    {
        _logFormat.AcceptOnlyFromAmong("text", "json");
        command.Options.Add(_status);
        command.Options.Add(_logFormat);
    }

    /// <summary>Null where it was not asked for.</summary>
    public StatusAddress? ReadAddress(ParseResult parsed) => parsed.GetValue(_status);

    public LogFormat ReadLogFormat(ParseResult parsed) => parsed.GetValue(_logFormat) == "json" ? LogFormat.Json : LogFormat.Text;
}
