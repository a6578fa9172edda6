using System.CommandLine;
using Becket.Nbd.Tls;
using Becket.Serving;
using Microsoft.Extensions.Logging;

namespace Becket.Commands;

/// <summary>The options of TLS towards clients, named as nbdkit names them; shared by every command that serves NBD.</summary>
internal sealed class TlsOptions
{
    private readonly Option<string> _mode = new("--tls")
    {
        Description = "off, on or require (default: require if there are certificates)",
        HelpName = "MODE",
    };
    private readonly Option<string> _folder = new("--tls-certificates")
    {
        Description = "server-cert.pem, server-key.pem, ca-cert.pem are in here",
        HelpName = "DIR",
    };
    private readonly Option<string> _certificate = new("--tls-cert")
    {
        Description = "The certificate, with its chain, where there is no such folder",
        HelpName = "FILE",
    };
    private readonly Option<string> _key = new("--tls-key") { Description = "The key of --tls-cert", HelpName = "FILE" };
    private readonly Option<string> _authority = new("--tls-ca")
    {
        Description = "Who signs the certificates of clients",
        HelpName = "FILE",
    };
    private readonly Option<bool> _verifyPeer = new("--tls-verify-peer")
    {
        Description = "Clients must show a certificate of the authority",
    };
    private readonly Option<string[]> _names = new("--tls-allow-name")
    {
        Description = "... and one with this name; may be repeated",
        HelpName = "NAME",
        AllowMultipleArgumentsPerToken = false,
    };

    public void AddTo(Command command)
    {
        _mode.AcceptOnlyFromAmong("off", "on", "require");
        foreach (var option in (Option[])[_mode, _folder, _certificate, _key, _authority, _verifyPeer, _names])
            command.Options.Add(option);
    }

    /// <summary>Null: no TLS.</summary>
    /// <exception cref="CommandException">Options that do not go together, or files that do not do.</exception>
    public TlsServing? Read(ParseResult parsed, ILoggerFactory loggers)
    {
        var files = ReadFiles(parsed);
        var mode = parsed.GetValue(_mode);
        var names = parsed.GetValue(_names) ?? [];
        var verifiesPeer = parsed.GetValue(_verifyPeer) || names.Length > 0;
        if (files is null && mode is "on" or "require")
        {
            throw CommandException.Usage(
                $"--tls {mode} needs a certificate: --tls-certificates DIR, or --tls-cert FILE with --tls-key FILE");
        }
        if (verifiesPeer && (files is null || mode == "off"))
            throw CommandException.Usage("--tls-verify-peer and --tls-allow-name mean nothing without TLS; add --tls-certificates DIR");
        if (files is null || mode == "off")
            return null;
        // A client that need not show a certificate where it leaves TLS out has not been verified.
        if (verifiesPeer && mode == "on")
        {
            throw CommandException.Usage(
                "with --tls on, clients without TLS are not asked for a certificate; to verify them, write --tls require");
        }

        try
        {
            var demand = mode == "on" ? TlsDemand.Offered : TlsDemand.Required;
            var peers = verifiesPeer ? new TlsPeers(names) : null;
            var server = TlsServer.Load(files, peers, demand, TimeProvider.System, loggers.CreateLogger<TlsServer>());
            return new TlsServing(server, parsed.GetValue(_folder) is { } folder ? Path.GetFullPath(folder) : null);
        }
        catch (TlsSetupException e)
        {
            throw new CommandException(e.Message, inner: e);
        }
    }

    private TlsFiles? ReadFiles(ParseResult parsed)
    {
        var (folder, certificate, key, authority) =
            (parsed.GetValue(_folder), parsed.GetValue(_certificate), parsed.GetValue(_key), parsed.GetValue(_authority));
        if (folder is not null)
        {
            return (certificate ?? key ?? authority) is null
                ? TlsFiles.InFolder(folder)
                : throw CommandException.Usage("--tls-certificates and --tls-cert, --tls-key or --tls-ca exclude one another");
        }

        return (certificate, key) switch
        {
            (not null, not null) => new TlsFiles { Certificate = certificate, Key = key, Authority = authority },
            (null, null) when authority is null => null,
            (null, _) => throw CommandException.Usage("--tls-key and --tls-ca need a certificate: add --tls-cert FILE"),
            (_, null) => throw CommandException.Usage("--tls-cert needs its key: add --tls-key FILE"),
        };
    }
}
