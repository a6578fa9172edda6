using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Becket.Nbd;

namespace Becket.Commands;

/// <summary>The options that say which clients may connect; shared by every command that serves NBD.</summary>
internal sealed partial class AdmissionOptions
{
    private readonly Option<IPNetwork[]> _networks = new("--allow")
    {
        Description = "Serve only clients from here; may be repeated",
        HelpName = "ADDRESS[/PREFIX]",
        AllowMultipleArgumentsPerToken = false,
        CustomParser = result => [.. result.Tokens.Select(token => ParseNetwork(result, token.Value))],
    };

    private readonly Option<uint[]> _users = Ids("--allow-uid", "Let these users connect to the unix socket, too");
    private readonly Option<uint[]> _groups = Ids("--allow-gid", "... and those who have one of these as their first group");

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_networks, _users, _groups])
            command.Options.Add(option);
    }

    public ClientAdmission Read(ParseResult parsed)
    {
        var (users, groups) = (parsed.GetValue(_users) ?? [], parsed.GetValue(_groups) ?? []);
        return new ClientAdmission
        {
            Networks = parsed.GetValue(_networks) ?? [],
            // Whoever runs the server, and what it starts itself, need not be named.
            Users = users.Length + groups.Length > 0 ? [EffectiveUser(), .. users] : [],
            Groups = groups,
        };
    }

    private static IPNetwork ParseNetwork(ArgumentResult result, string text)
    {
        if (IPNetwork.TryParse(text, out var network))
            return network;
        if (IPAddress.TryParse(text, out var address))
            return new IPNetwork(address, address.GetAddressBytes().Length * 8);

        result.AddError($"'{text}' is neither an IP address nor a network such as 10.1.0.0/16 or fd00::/8");
        return default;
    }

    private static Option<uint[]> Ids(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "ID[,ID...]",
        AllowMultipleArgumentsPerToken = false,
        CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(',')).Select(text => ParseId(result, text))],
    };

    private static uint ParseId(ArgumentResult result, string text)
    {
        if (!uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            result.AddError($"'{text}' is not the number of a user or a group; 'id' prints them");
        return id;
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();
}
