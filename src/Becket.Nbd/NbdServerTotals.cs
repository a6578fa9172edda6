namespace Becket.Nbd;

/// <summary>What a server has to do at the moment. Numbers that are taken under way may be apart by what is under way.</summary>
/// <param name="Connections">Clients that are connected.</param>
/// <param name="Accepted">Clients that ever were.</param>
/// <param name="RequestsInFlight">Requests that the devices work on, or whose replies wait to be sent.</param>
/// <param name="TransferMemoryUsed">Bytes of memory that requests take, in their rounded sizes.</param>
/// <param name="TransferMemorySize">Bytes that they may take together.</param>
public sealed record NbdServerTotals(
    int Connections, long Accepted, int RequestsInFlight, long TransferMemoryUsed, long TransferMemorySize);
