using Becket.Nbd;

namespace Becket.Serving;

/// <summary>Where and how a server listens, as the command line says it.</summary>
internal sealed record Listening
{
    /// <summary>A path, <c>-</c> for a temporary socket, or null.</summary>
    public string? UnixSocket { get; init; }

    public int? Port { get; init; }

    public string? Address { get; init; }

    /// <summary>One client on standard input and output.</summary>
    public bool Single { get; init; }

    /// <summary>A shell command that the server lives for.</summary>
    public string? Run { get; init; }

    public string? PidFile { get; init; }

    /// <summary>Who the server becomes when everything is open; null: it stays who it is.</summary>
    public ServingUser? User { get; init; }

    /// <summary>Who may connect; where users or groups are named, the unix socket is open to all and the others are turned away.</summary>
    public ClientAdmission Admission { get; init; } = new();

    public int MaximumConnections { get; init; }

    /// <summary>Null: the server's own.</summary>
    public TimeSpan? HandshakeTimeout { get; init; }

    /// <summary>Null: never.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <exception cref="CommandException">Options that exclude one another, or values out of range.</exception>
    public void Validate()
    {
        if (UnixSocket is { Length: 0 })
            throw CommandException.Usage("-U needs a path; '-U -' makes a temporary socket");
        if (Port is < 0 or > 65535)
            throw CommandException.Usage($"{Port} is not a port; ports go from 0 (any) to 65535");
        if (MaximumConnections < 1)
            throw CommandException.Usage("--max-connections must be at least 1");
        if (UnixSocket is not null && (Port ?? (object?)Address) is not null)
            throw CommandException.Usage("-U (unix socket) and -p or -i (TCP) exclude one another");
        if (Single && (UnixSocket ?? (object?)Port ?? Address) is not null)
            throw CommandException.Usage("-s (standard input and output) and -U, -p or -i exclude one another");
        if (UnixSocket is not null && Admission.Networks.Count > 0)
        {
            throw CommandException.Usage(
                "--allow names addresses, which clients of a unix socket (-U) do not have; --allow-uid names users");
        }
        if ((Port ?? (object?)Address) is not null && Admission.Users.Count > 0)
            throw CommandException.Usage("--allow-uid and --allow-gid are for unix sockets (-U); for TCP, --allow names addresses");
        if (Single && IdleTimeout is not null)
        {
            throw CommandException.Usage(
                "--idle-timeout is for sockets; the client of -s (standard input and output) ends the server by leaving");
        }
        if (Single && Run is not null)
            throw CommandException.Usage("-s and --run exclude one another");
    }
}
